$(call tool,base tree fs hosttool)
