$(call tool,base tree sysdesc shmq hosttool,-lfdt -lsodium)
