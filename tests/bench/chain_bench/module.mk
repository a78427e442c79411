$(call tool,base llc register sigchain,)
