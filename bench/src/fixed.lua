-- The same request again and again.
function done(summary)
    local errors = summary.errors
    print(string.format("BENCH %d %d %d %d", summary.requests, summary.bytes, summary.duration,
        errors.connect + errors.read + errors.write + errors.timeout + errors.status))
end
