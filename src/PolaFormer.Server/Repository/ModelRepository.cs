using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using PolaFormer.Checkpoints;
using PolaFormer.Files;
using PolaFormer.Server.Models;
using PolaFormer.Server.Scheduling;
using PolaFormer.Server.Telemetry;
using PolaFormer.Tensors;

namespace PolaFormer.Server.Repository;

/// <summary>
/// The models that are served. A model is loaded, warmed up and tried before it takes the place of the one before it, which goes on with
/// the requests that hold it.
/// </summary>
internal sealed partial class ModelRepository
{
    private const int VersionLength = 12;

    // Inputs that a GPU computes together unless the operator says otherwise.
    private const int GpuBatch = 8;

    private static readonly int[] s_reclaimDelays = [10, 100, 1000, 10_000];

    private readonly ConcurrentDictionary<string, LoadedModel> _loaded = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _failures = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _loading = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _changes = new(1);
    private readonly ModelCatalog _catalog;
    private readonly SchedulingOptions _scheduling;
    private readonly Device _device;
    private readonly ServerMeter _meter;
    private readonly ILogger<ModelRepository> _logger;
    private readonly Func<string, ServedModel> _open;

    /// <summary>Makes an empty repository.</summary>
    /// <param name="catalog">The files that may be served.</param>
    /// <param name="scheduling">How requests are queued where a model says nothing else.</param>
    /// <param name="device">Where models compute.</param>
    /// <param name="meter">What is counted.</param>
    /// <param name="logger">Told of loads.</param>
    /// <param name="open">Reads a file; null for the checkpoints that are known.</param>
    public ModelRepository(ModelCatalog catalog, SchedulingOptions scheduling, Device device, ServerMeter meter, ILogger<ModelRepository> logger, Func<string, ServedModel>? open = null)
    {
        (_catalog, _scheduling, _device, _meter, _logger, _open) = (catalog, scheduling, device, meter, logger, open ?? ModelFiles.Load);
        meter.Observe(() => _loaded.Values.Select(model => (model.Name, model.Scheduler.Depth, model.Scheduler.InFlight, true)));
    }

    /// <summary>The models in memory.</summary>
    public IReadOnlyList<LoadedModel> Loaded => [.. _loaded.Values.OrderBy(model => model.Name, StringComparer.Ordinal)];

    /// <summary>Every model that may be served, with its state.</summary>
    public IReadOnlyList<ModelStatus> Index() =>
    [
        .. _catalog.All.Select(source => source.Name).Union(_loaded.Keys).Order(StringComparer.Ordinal).Select(name =>
            _loaded.TryGetValue(name, out LoadedModel? model) ? new ModelStatus(name, model.Version, ModelStatus.Ready, "")
            : _loading.ContainsKey(name) ? new ModelStatus(name, "", ModelStatus.Loading, "")
            : new ModelStatus(name, "", ModelStatus.Unavailable, _failures.GetValueOrDefault(name, "unloaded"))),
    ];

    /// <summary>Whether a model answers.</summary>
    public bool IsReady(string name) => _loaded.ContainsKey(name);

    /// <summary>Holds a model for a request.</summary>
    /// <param name="name">Its name; null for the only one.</param>
    /// <param name="version">The version that is wanted; null or empty for any.</param>
    /// <exception cref="ServingException">There is no such model, or it is not loaded.</exception>
    public ModelLease Acquire(string? name, string? version = null)
    {
        name ??= OnlyName();

        // Between finding a model and holding it, another may take its place.
        while (_loaded.TryGetValue(name, out LoadedModel? model))
        {
            if (!string.IsNullOrEmpty(version) && version != model.Version)
                throw ServingException.NotFound("The model has no such version.");
            if (model.TryHold() is { } lease)
                return lease;
        }

        throw ModelSource.IsName(name) && _catalog.Find(name) is not null
            ? ServingException.Unavailable($"The model {name} is not loaded.", TimeSpan.FromSeconds(1))
            : ServingException.NotFound("There is no such model.");
    }

    /// <summary>Loads all that may be served.</summary>
    /// <exception cref="CheckpointException">A file cannot be served.</exception>
    /// <exception cref="FileException">A file or folder is missing.</exception>
    public async Task LoadAllAsync()
    {
        _catalog.Check();
        foreach (ModelSource source in _catalog.All)
            await LoadAsync(source);
    }

    /// <summary>Loads a model, or puts the file as it is now into the place of the one in memory.</summary>
    /// <exception cref="ServingException">There is no such model, or the file cannot be served; what was in memory stays.</exception>
    public async Task LoadAsync(string name)
    {
        ModelSource source = ModelSource.IsName(name) && _catalog.Find(name) is { } found ? found : throw ServingException.NotFound("There is no such model.");
        try
        {
            await LoadAsync(source);
        }
        catch (Exception error) when (error is CheckpointException or FileException or NotFiniteNumberException or ArgumentException or OutOfMemoryException)
        {
            // The message names the file, which is the operator's alone.
            throw ServingException.Unprocessable($"The file of the model {name} cannot be served. The server's log says why.");
        }
    }

    /// <summary>Takes a model out of service; requests that hold it are answered.</summary>
    /// <exception cref="ServingException">It is not loaded.</exception>
    public async Task UnloadAsync(string name)
    {
        await _changes.WaitAsync();
        try
        {
            if (!_loaded.TryRemove(name, out LoadedModel? model))
                throw ServingException.NotFound("The model is not loaded.");
            LogUnloaded(name, model.Version);
            Retire(model);
        }
        finally
        {
            _changes.Release();
        }
    }

    /// <summary>Takes all models out of service and waits until the last request is answered.</summary>
    public async Task CloseAsync()
    {
        LoadedModel[] models = [.. _loaded.Values];
        _loaded.Clear();
        foreach (LoadedModel model in models)
            model.LetGo();
        await Task.WhenAll(models.Select(model => model.Scheduler.Ended));
    }

    private async Task LoadAsync(ModelSource source)
    {
        await _changes.WaitAsync();
        try
        {
            _loading[source.Name] = true;
            long start = System.Diagnostics.Stopwatch.GetTimestamp();
            (ServedModel model, string version) = await Task.Run(() => Open(source.File));
            var loaded = new LoadedModel(source, version, model, SchedulingOf(source), new ModelMeter(_meter, source.Name), () => OpenAttention(source, version));
            LoadedModel? before = _loaded.GetValueOrDefault(source.Name);
            _loaded[source.Name] = loaded;
            if (before is not null)
                Retire(before);
            _failures.TryRemove(source.Name, out _);
            _meter.Loads.Add(1, ServerMeter.Tag(source.Name), new("outcome", "loaded"));
            LogLoaded(source.Name, version, model.Task, model.Architecture, System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
        catch (Exception error)
        {
            _failures[source.Name] = "the file cannot be served";
            _meter.Loads.Add(1, ServerMeter.Tag(source.Name), new("outcome", "failed"));
            LogFailed(source.Name, error.Message);
            throw;
        }
        finally
        {
            _loading.TryRemove(source.Name, out _);
            _changes.Release();
        }
    }

    private void Retire(LoadedModel model)
    {
        _ = ReclaimAsync(model.Scheduler.Ended, new WeakReference(model.Model));
        model.LetGo();
    }

    // Weights lie outside of the collector's heap, and it does not see how large they are. The call that swapped the model, or one that was
    // answered just now, may still hold it: then the collector is asked again, later.
    private async Task ReclaimAsync(Task ended, WeakReference model)
    {
        await ended;
        foreach (int milliseconds in s_reclaimDelays)
        {
            await Task.Delay(milliseconds);
            GC.Collect();
            GC.WaitForPendingFinalizers();
            _device.TrimMemory();
            if (!model.IsAlive)
                break;
        }
    }

    // Read, made and tried: what takes the place of another model has answered once.
    private (ServedModel Model, string Version) Open(string file)
    {
        using IDisposable use = _device.Use();
        string version = VersionOf(file);
        ServedModel model = _open(file);
        using ModelInput example = model.Example();
        model.Run([example]);
        return (model, version);
    }

    // A GPU takes one request after another, whatever asks.
    private SchedulingOptions SchedulingOf(ModelSource source)
    {
        SchedulingOptions scheduling = source.Scheduling ?? _scheduling;
        return _device == Device.Cpu ? scheduling : scheduling with { Instances = scheduling.Instances ?? 1, MaxBatch = scheduling.MaxBatch ?? GpuBatch };
    }

    private AttentionView OpenAttention(ModelSource source, string version)
    {
        using IDisposable use = _device.Use();
        return VersionOf(source.File) == version
            ? new AttentionView(ServedAttention.Load(source.File), source.Name, _meter)
            : throw ServingException.Unavailable("The model's file has changed since it was loaded. Load it again.");
    }

    private static string VersionOf(string file)
    {
        using FileStream stream = InputFile.Open(file);
        return Convert.ToHexStringLower(SHA256.HashData(stream))[..VersionLength];
    }

    private string OnlyName()
    {
        string[] names = [.. _loaded.Keys];
        return names.Length == 1 ? names[0] : throw (names.Length == 0
            ? ServingException.Unavailable("No model is loaded.", TimeSpan.FromSeconds(1))
            : ServingException.BadRequest($"Name one of the models: {string.Join(", ", names.Order(StringComparer.Ordinal))}."));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Model {Model} {Version} is ready: {Task}, {Architecture}, {Milliseconds:F0} ms.")]
    private partial void LogLoaded(string model, string version, ModelTask task, string architecture, double milliseconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "Model {Model} {Version} is unloaded.")]
    private partial void LogUnloaded(string model, string version);

    [LoggerMessage(Level = LogLevel.Error, Message = "Model {Model} cannot be served: {Problem}")]
    private partial void LogFailed(string model, string problem);
}
