$(call service,share disk gpt lld tree)
