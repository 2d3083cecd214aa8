# The records of rows.py, for the modules that are compiled: their fields, in that order.

ctypedef struct Talk:
    unsigned long long k0
    unsigned long long k1
    unsigned long long packets
    unsigned long long bytes
    unsigned long long payloads
    unsigned long long rest
    unsigned long long first
    unsigned long long last
    unsigned long long frame
    unsigned int flows
    unsigned int opened
    int port
    unsigned int first_port
    unsigned int flags
    unsigned int guessed

ctypedef struct More:
    unsigned long long k2
    unsigned long long k3
    unsigned long long k4
    unsigned long long packets
    unsigned long long bytes
    unsigned long long payloads
    unsigned long long rest
    unsigned long long frame
    unsigned long long source2
    unsigned long long source3
    unsigned long long frame2
    unsigned long long frame3

ctypedef struct Sum:
    unsigned long long key
    unsigned long long count
    unsigned long long first
    unsigned long long last
    unsigned long long frame1
    unsigned long long frame2
    unsigned long long frame3
    unsigned int word1
    unsigned int word2
    unsigned int word3
    unsigned int next
