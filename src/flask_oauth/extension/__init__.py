"""The Flask face: the only floor that imports Flask.  The names of 2010 live here alone."""
