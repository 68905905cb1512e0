"""Child processes: started in a group of their own, read in flat memory without their secrets, ended with theirs."""
