$(call lib,base)
$(call skip,asan fuzz arm64 linux kernel boot)
