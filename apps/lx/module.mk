$(call app,base llc register sigchain)
