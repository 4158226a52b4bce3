package enum NotYet {}
