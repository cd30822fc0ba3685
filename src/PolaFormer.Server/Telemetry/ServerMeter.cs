using System.Diagnostics.Metrics;
using System.Runtime.InteropServices;
using PolaFormer.Tensors;

namespace PolaFormer.Server.Telemetry;

/// <summary>What the server counts and measures; <c>docs/serving.md</c> lists the names.</summary>
internal sealed class ServerMeter : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "PolaFormer.Server";

    private readonly Meter _meter = new(MeterName, BuildInformation.Version);

    /// <summary>Makes the instruments.</summary>
    public ServerMeter()
    {
        Requests = _meter.CreateCounter<long>("polaformer.requests", "{request}", "Requests for predictions, by model, protocol and status.");
        Rejections = _meter.CreateCounter<long>("polaformer.rejections", "{input}", "Inputs that were refused because the queue was full.");
        Loads = _meter.CreateCounter<long>("polaformer.model.loads", "{load}", "Attempts to load a model, by outcome.");
        DecodeTime = _meter.CreateHistogram<double>("polaformer.decode.duration", "s", "Time in which an input is prepared.");
        QueueTime = _meter.CreateHistogram<double>("polaformer.queue.duration", "s", "Time that an input waits.");
        ComputeTime = _meter.CreateHistogram<double>("polaformer.compute.duration", "s", "Time in which a batch passes the network.");
        BatchSize = _meter.CreateHistogram<long>("polaformer.batch.size", "{input}", "Inputs of a batch.");
        _meter.CreateObservableGauge("polaformer.tensor.memory", () => Device.Cpu.MemoryStatistics.BytesReserved, "By", "Memory that tensors hold.");
        _meter.CreateObservableGauge("polaformer.build.info", () => new Measurement<int>(1, new("version", BuildInformation.Version), new("revision", BuildInformation.Revision), new("runtime", RuntimeInformation.FrameworkDescription)), null, "Which program this is; always 1.");
    }

    /// <summary>Requests.</summary>
    public Counter<long> Requests { get; }

    /// <summary>Refused inputs.</summary>
    public Counter<long> Rejections { get; }

    /// <summary>Loaded models.</summary>
    public Counter<long> Loads { get; }

    /// <summary>Times of preparation.</summary>
    public Histogram<double> DecodeTime { get; }

    /// <summary>Times in the queue.</summary>
    public Histogram<double> QueueTime { get; }

    /// <summary>Times of batches.</summary>
    public Histogram<double> ComputeTime { get; }

    /// <summary>Sizes of batches.</summary>
    public Histogram<long> BatchSize { get; }

    /// <summary>Shows the queues of the models that are served.</summary>
    /// <param name="models">Name, inputs that wait, inputs without an answer, and whether the model is ready.</param>
    public void Observe(Func<IEnumerable<(string Name, int Depth, int InFlight, bool IsReady)>> models)
    {
        _meter.CreateObservableGauge("polaformer.queue.depth", () => models().Select(model => new Measurement<int>(model.Depth, Tag(model.Name))), "{input}", "Inputs that wait.");
        _meter.CreateObservableGauge("polaformer.inflight", () => models().Select(model => new Measurement<int>(model.InFlight, Tag(model.Name))), "{input}", "Inputs that were admitted and have no answer yet.");
        _meter.CreateObservableGauge("polaformer.model.ready", () => models().Select(model => new Measurement<int>(model.IsReady ? 1 : 0, Tag(model.Name))), null, "1 where the model answers.");
    }

    /// <summary>The label of a model.</summary>
    public static KeyValuePair<string, object?> Tag(string model) => new("model", model);

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
