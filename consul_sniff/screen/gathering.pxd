# Types of gathering.py, for the compiler.
from .conversations cimport Conversations
from .sums cimport Sums
from .table cimport Table
