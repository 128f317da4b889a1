"""Spanish: what the agent says by itself, and the words of listeners and of goodbyes (see `language.py`)."""

from __future__ import annotations

from telephony.core.language.language import Language, phrases, word_set
from telephony.core.language.wording import Wording

SPANISH = Language(
    name="Spanish",
    wording=Wording(
        filler="Un momento, por favor.",
        apology="Disculpe, he tenido un problema. ¿Podría repetirlo, por favor?",
        not_heard="Disculpe, no le he entendido bien. ¿Podría repetirlo, por favor?",
        still_there="¿Sigue usted ahí?",
        silent_goodbye="No le oigo, así que voy a colgar. Puede volver a llamar cuando quiera. Adiós.",
        time_warning="Nos queda más o menos un minuto de llamada.",
        time_over="Se nos ha acabado el tiempo de esta llamada. Gracias por llamar. Adiós.",
        draining="Lo siento, tengo que terminar la llamada. Vuelva a llamar dentro de unos minutos, por favor. Adiós.",
        broken="Lo siento, tengo un problema técnico. Vuelva a llamar dentro de unos minutos, por favor. Adiós.",
        busy="En este momento todas nuestras líneas están ocupadas. Vuelva a llamar dentro de unos minutos, por favor. "
        "Adiós.",
        provider_busy="Disculpe la espera, en este momento tenemos muchas llamadas. Un momento, por favor.",
        goodbye="Adiós.",
        connecting="Ahora mismo le paso.",
        back="Hola, soy yo de nuevo.",
    ),
    backchannels=word_set(
        "gracias genial estupendo fenomenal excelente correcto cierto seguro dale listo sale órale ándale comprendo "
        "comprendido desde-luego efectivamente exactamente ah eh este hum buenísimo justo vaya"
    ),
    backchannel_phrases=phrases(
        "muchas gracias/desde luego/por supuesto que sí/sí señor/sí señora/ya entiendo/lo entiendo/lo sé/ya lo sé/"
        "eso es/eso mismo/ah sí/ah vale/ah bueno/me parece bien/me parece/sin problema/"
        "está claro/tiene razón/es verdad"
    ),
    remarks=phrases(
        "no hay problema/ningún problema/no me diga/no me digas/madre mía/menos mal/ni modo/"
        "me alegro/lo imagino/me imagino/ya me imagino/yo también/tiene sentido/suena bien/buena idea/está genial/"
        "no está mal/nada mal/de verdad/en serio/así que sí/de nada/con gusto"
    ),
    assessments=word_set(
        "bien bueno buena genial estupendo fenomenal excelente perfecto lindo bonito precioso maravilloso increíble "
        "interesante pena lástima triste gracioso raro extraño amable simpático práctico lógico "
        "claro "
        "normal fantástico magnífico alegría suerte alivio lógica verdad chévere padre guay"
    ),
    before_assessments=phrases(
        "qué/eso es/eso está/es/es muy/está/está muy/muy/tan/ah/oh/ay/pues/qué tan/suena/sería/me parece/eso suena/una/"
        "qué gran/es una/es un"
    ),
    after_assessments=phrases("entonces/gracias/de su parte/para mí/saberlo"),
    urgent=word_set("ayuda auxilio socorro fuego incendio policía ambulancia emergencia herido muerto"),
    before_nouns=word_set("el la los las un una en de a por con al su"),
    stops=word_set(
        "no espera espere esperen esperate alto para pare basta momento momentito segundo perdón perdone disculpe "
        "disculpa oiga oye escuche escucha hola aló callese silencio pero pausa"
    ),
    weak=word_set("el la los las y es en de a un una uno dos lo se por al su con"),
    farewells=word_set(
        "gracias adiós chao chau bye ciao igualmente saludos abrazo besos hasta-luego agradecido agradecida"
    ),
    farewell_phrases=phrases(
        "muchas gracias/mil gracias/muchísimas gracias/hasta luego/hasta pronto/hasta mañana/hasta la vista/"
        "hasta otra/hasta entonces/hasta la próxima/hasta siempre/nos vemos/nos vemos pronto/nos hablamos/cuídese/"
        "cuidese mucho/cuídate/que le vaya bien/que te vaya bien/que esté bien/que tenga buen día/buen día/"
        "buenas noches/buenas tardes/buenos días/buena tarde/buena noche/buen fin de semana/feliz día/feliz tarde/"
        "feliz noche/un saludo/un abrazo/a usted/a ti/a vosotros/a ustedes/de nada/eso es todo/es todo/"
        "eso era todo/nada más/nada mas/no hay de qué/muy amable/se lo agradezco/te lo agradezco/le agradezco/"
        "no gracias/sin problema/no hay problema/no se preocupe/así lo haré/lo haré/lo mismo digo/con mucho gusto/"
        "ya está/con eso es suficiente/voy a colgar/dios le bendiga/dios la bendiga"
    ),
    farewell_openings=phrases(
        "gracias por/hasta el/hasta la/hasta las/nos vemos/nos hablamos/que tenga/que tengan/que pase/que pasen/"
        "que disfrute/le deseo/se lo agradezco/le agradezco"
    ),
    partings=phrases(
        "adiós/chao/chau/hasta luego/hasta pronto/hasta mañana/hasta la vista/hasta otra/hasta entonces/"
        "hasta la próxima/nos vemos/que tenga un buen día/que tenga buen día/buen día/que tenga un excelente día/"
        "que tenga una buena tarde/que tenga una buena noche/cuídese/feliz día/que le vaya bien"
    ),
    light=word_set(
        "eh em este pues yo tú usted ustedes él ella le les lo la los las me mi te se su sus nos el un una y o de del "
        "a al en con por para que es era está están estaba estuvo ha han he has sido fue son muy mucho mucha tan todo "
        "toda bien ya también así entonces aquí allí ahí bueno buena amable atento atenta simpático simpática "
        "servicial útil ayuda ayudado ayudarme atención paciencia genial perfecto perfecta estupendo estupenda "
        "excelente maravilloso maravillosa fenomenal encantado encantada contento contenta mañana hoy luego pronto "
        "señor señora señorita día tarde noche"
    ),
    weekdays=word_set("lunes martes miércoles jueves viernes sábado domingo"),
    reopeners=phrases(
        "qué hora/qué día/que hora/que dia/a qué/cuál/cuáles/cuándo/cuando abre/dónde/quién/cuánto/cuánta/cuántos/"
        "cuántas/cómo/por qué/porque/pero/además/otra cosa/otra pregunta/una pregunta/una cosa/otra/otro/una duda/"
        "también quiero/también quería/puede/puedo/podría/podrías/podemos/puedes/tiene usted/tienen/tienes/hay/"
        "necesito/quiero/quisiera/querría/quería/me gustaría/falta/faltaba/olvidé/olvidaba/espere/espera/momento/"
        "cancele/cancélela/cancélelo/cancelar/cámbiela/cámbielo/cambie/cambiar/"
        "reserve/reservar/póngame/deme/dígame/dime/envíeme/mándeme/pase me/páseme/"
        "confirme/repita/no es/no era/no está/no puedo/no quiero/no tengo/no he/nunca/todavía/aún/en realidad/"
        "equivocado/equivocada/error/problema/en vez/alérgico/alérgica/por cierto/es que/quién/sabe si"
    ),
    noes=word_set("no"),
)
