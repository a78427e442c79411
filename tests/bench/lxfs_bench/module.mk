$(call tool,base tree fs)
