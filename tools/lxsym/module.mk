$(call tool,base hosttool)
