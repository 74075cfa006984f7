"""Sources of sACN by the package sacn: python3 sacn_sources.py ADDRESS

Lines of standard input: begin NAME PRIORITY LEVEL...  and  end NAME. Each source is multicast on universe 1.
"""

import sys

import sacn

address = sys.argv[1]
sources = {}
for line in sys.stdin:
    word, name, *numbers = line.split()
    if word == "begin":
        # Each has a port of its own to send from; receivers do not look at it.
        source = sacn.sACNsender(bind_address=address, bind_port=20000 + len(sources), source_name=name)
        source.start()
        source.activate_output(1)
        priority, *levels = map(int, numbers)
        source[1].multicast = True
        source[1].priority = priority
        source[1].dmx_data = tuple(levels) + (0,) * (512 - len(levels))
        sources[name] = source
    elif word == "end":
        sources[name].deactivate_output(1)
