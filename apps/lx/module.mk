$(call app,)
