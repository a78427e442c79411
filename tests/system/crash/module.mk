$(call service)
