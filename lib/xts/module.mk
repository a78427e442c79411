$(call lib,base)
$(call test_libs,-lcrypto)
$(call skip,kernel boot)
