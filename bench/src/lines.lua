-- For every request the next line of a file in the place of @ in the path.
local file, head, tail

function init(args)
    file = assert(io.open(args[1]))
    head, tail = wrk.format():match("^(.-)@(.*)$")
end

function request()
    return head .. (file:read("*l") or "end") .. tail
end

function done(summary)
    local errors = summary.errors
    print(string.format("BENCH %d %d %d %d", summary.requests, summary.bytes, summary.duration,
        errors.connect + errors.read + errors.write + errors.timeout + errors.status))
end
