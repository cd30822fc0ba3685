namespace PolaFormer.Server.Telemetry;

/// <summary>What is counted of one model.</summary>
internal sealed class ModelMeter(ServerMeter meter, string model)
{
    private readonly KeyValuePair<string, object?> _tag = ServerMeter.Tag(model);

    /// <summary>Inputs were refused.</summary>
    public void Rejected(int items) => meter.Rejections.Add(items, _tag);

    /// <summary>An input was prepared.</summary>
    public void Decoded(TimeSpan time) => meter.DecodeTime.Record(time.TotalSeconds, _tag);

    /// <summary>An input has left the queue.</summary>
    public void Queued(TimeSpan time) => meter.QueueTime.Record(time.TotalSeconds, _tag);

    /// <summary>A batch was computed.</summary>
    public void Computed(int items, TimeSpan time)
    {
        meter.ComputeTime.Record(time.TotalSeconds, _tag);
        meter.BatchSize.Record(items, _tag);
    }

    /// <summary>A request has ended.</summary>
    /// <param name="protocol">How it came.</param>
    /// <param name="status">Status code of HTTP that it ended with.</param>
    public void Ended(string protocol, int status) => meter.Requests.Add(1, _tag, new("protocol", protocol), new("status", status));
}
