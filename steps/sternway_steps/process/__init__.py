"""Child processes: started in a group of their own, read in bounded memory with secrets hidden, ended together."""
