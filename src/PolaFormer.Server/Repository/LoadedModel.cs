using PolaFormer.Server.Models;
using PolaFormer.Server.Scheduling;
using PolaFormer.Server.Telemetry;

namespace PolaFormer.Server.Repository;

/// <summary>A model in memory with its queue. It ends when nobody holds it any more.</summary>
internal sealed class LoadedModel
{
    private readonly Lock _gate = new();
    private readonly Lazy<Task<AttentionView>> _attention;
    private int _holders = 1;

    /// <summary>Starts the queue of a model.</summary>
    /// <param name="source">Where it came from.</param>
    /// <param name="version">Which file it is.</param>
    /// <param name="model">The network.</param>
    /// <param name="options">How requests are queued.</param>
    /// <param name="meter">What is counted.</param>
    /// <param name="attention">Loads the copy that shows attention, when it is first asked for.</param>
    public LoadedModel(ModelSource source, string version, ServedModel model, SchedulingOptions options, ModelMeter meter, Func<AttentionView> attention)
    {
        (Source, Version, Model, Meter) = (source, version, model, meter);
        _attention = new(() => Task.Run(attention));
        Scheduler = new ModelScheduler(source.Name, model.Run, model.IsBatched ? options : options with { MaxBatch = 1, BatchDelay = TimeSpan.Zero }, meter);
    }

    /// <summary>Where it came from.</summary>
    public ModelSource Source { get; }

    /// <summary>Its name.</summary>
    public string Name => Source.Name;

    /// <summary>The beginning of the file's SHA-256: the same on every machine that serves the file.</summary>
    public string Version { get; }

    /// <summary>The network.</summary>
    public ServedModel Model { get; }

    /// <summary>Its queue.</summary>
    public ModelScheduler Scheduler { get; }

    /// <summary>What is counted of it.</summary>
    public ModelMeter Meter { get; }

    /// <summary>The copy that shows attention; the caller holds the model.</summary>
    /// <exception cref="ServingException">The model shows none, or its file has changed.</exception>
    public Task<AttentionView> AttentionAsync() => Model.HasAttention ? _attention.Value : throw ServingException.Unprocessable("The attention of this model cannot be shown.");

    /// <summary>Keeps the model until the result is disposed; null when it has ended already.</summary>
    public ModelLease? TryHold()
    {
        lock (_gate)
        {
            if (_holders == 0)
                return null;
            _holders++;
            return new ModelLease(this);
        }
    }

    /// <summary>Ends one hold: a request's, or the repository's own.</summary>
    public void LetGo()
    {
        lock (_gate)
        {
            if (--_holders > 0)
                return;
        }

        Scheduler.Close();
        if (_attention is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            _attention.Value.Result.Close();
    }
}
