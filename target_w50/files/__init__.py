"""Files of contacts, read for `w50 import` as Singer lines; knows nothing of W50."""
