$(call service,vm tree journal format)
