$(call service,journal)
