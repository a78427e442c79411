$(call lib,base llc)
$(call skip,arm64 linux kernel boot)
$(call host_libs,-largon2)
