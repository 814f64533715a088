-- For every request the next line of a file in the place of @ in the path; nothing more is sent when it
-- has ended, but wrk waits until its time is up.
local file, head, tail

function init(args)
    file = assert(io.open(args[1]))
    head, tail = wrk.format():match("^(.-)@(.*)$")
end

function request()
    local line = file:read("*l")
    if not line then
        wrk.thread:stop()
        line = "end"
    end
    return head .. line .. tail
end

function done(summary)
    local errors = summary.errors
    print(string.format("BENCH %d %d %d %d", summary.requests, summary.bytes, summary.duration,
        errors.connect + errors.read + errors.write + errors.timeout + errors.status))
end
