$(call service,)
