$(call service,dialog format)
