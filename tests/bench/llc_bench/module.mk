$(call tool,base llc,)
