$(call tool,base)
