"""The commands around a number of one's own: `up`, `number` and `dial`."""
