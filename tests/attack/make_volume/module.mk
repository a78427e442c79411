$(call tool,base tree fs gpt hosttool)
