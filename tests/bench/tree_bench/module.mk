$(call tool,base tree,)
