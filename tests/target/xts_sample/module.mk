$(call app,base xts)
