$(call lib,)
