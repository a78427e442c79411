$(call service,disk lld)
