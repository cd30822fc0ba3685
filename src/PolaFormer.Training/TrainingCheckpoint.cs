using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using PolaFormer.Checkpoints;
using PolaFormer.Files;
using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Training;

/// <summary>
/// The files of a run. <c>last</c> and <c>best</c> hold the network alone, for use; a state holds in one file all that a run needs
/// to go on as if it had never stopped, under a digest. <see cref="SavedStates"/> says which states a folder has.
/// </summary>
internal static class TrainingCheckpoint
{
    private const string DigestKey = "sha256", ClassesKey = "classes", BestEpochKey = "best_epoch", StepsPerEpochKey = "steps_per_epoch";
    private const int MaxPassedOver = 1000, ChunkBytes = 1 << 20;

    // Our own names begin with model., optimizer. and ema., and none of them is a prefix to strip.
    private static readonly CheckpointOptions s_options = new() { StripModulePrefix = false };

    /// <summary>Writes a network with its description.</summary>
    /// <exception cref="FileException">The file cannot be written; one of that name is as it was.</exception>
    public static void SaveModel(string path, Module model, IReadOnlyDictionary<string, string> description) =>
        SafetensorsWriter.Write(path, model.StateDict().Select(entry => Stored(entry.Name, entry.Tensor)), description);

    /// <summary>Writes a state.</summary>
    /// <param name="path">The file.</param>
    /// <param name="state">The state.</param>
    /// <param name="keepAs">Name under which a file of the path is kept; null to replace it.</param>
    /// <exception cref="FileException">The file cannot be written; the files there are as they were.</exception>
    public static void Save(string path, TrainingState state, string? keepAs)
    {
        TrainingPosition position = state.Position;
        MetricDefinition first = state.Task.Metrics[0];
        var values = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            [$"best_ema_{first.Name}"] = Text(position.BestEma),
            [$"best_{first.Name}"] = Text(position.Best),
            [BestEpochKey] = Text(position.BestEpoch),
            [ClassesKey] = JsonSerializer.Serialize(state.Classes),
            ["epoch"] = Text(position.Epoch),
            ["metrics"] = state.Metrics.ToString(),
            ["passed_over"] = string.Join(',', position.PassedOver.Select(step => Text(step))),
            ["step"] = Text(position.Step),
            [StepsPerEpochKey] = Text(position.StepsPerEpoch),
            ["updates"] = Text(state.Optimizer.StepCount),
        };
        values[DigestKey] = Digest(state.Tensors(), values);
        SafetensorsWriter.Write(path, state.Tensors().Select(entry => Stored(entry.Name, entry.Tensor)), values, keepAs);
    }

    /// <summary>Whether a checkpoint is a state, and not a network alone.</summary>
    public static bool IsState(Checkpoint checkpoint) => checkpoint.Metadata.ContainsKey(DigestKey) && checkpoint.Metadata.ContainsKey(StepsPerEpochKey);

    /// <summary>Restores the state of a file.</summary>
    /// <exception cref="FileException">The file cannot be opened.</exception>
    /// <exception cref="CheckpointException">The file is damaged; the state's tensors are undefined.</exception>
    /// <exception cref="TrainingException">The state is of another run.</exception>
    public static void Load(string path, TrainingState state)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path, s_options);
        var values = new SortedDictionary<string, string>(
            checkpoint.Metadata.Where(entry => entry.Value is string).ToDictionary(entry => entry.Key, entry => (string)entry.Value!), StringComparer.Ordinal);
        if (!values.Remove(DigestKey, out string? digest))
            throw new TrainingException($"{path}: it is not the saved state of a run. Name a {SavedStates.LastName}, or choose another output folder.");
        IReadOnlyList<(string Name, Tensor Tensor)> wanted = [.. state.Tensors()];
        foreach ((string name, Tensor tensor) in wanted)
        {
            if (!checkpoint.TryGetValue(name, out CheckpointEntry? entry) || entry.Shape != tensor.Shape || entry.DType != tensor.DType)
                throw new TrainingException($"{path}: it belongs to another run: {name} is {(entry is null ? "missing" : $"{entry.DType} {entry.Shape}")}, this run's {tensor.DType} {tensor.Shape}. Choose another output folder.");
        }

        foreach ((string name, Tensor tensor) in wanted)
            tensor.WriteBytes(checkpoint[name].ReadBytes);
        if (Digest(wanted, values) != digest)
            throw new CheckpointException(path, "its contents are not what was written (SHA-256).");
        try
        {
            Take(values, state);
        }
        catch (FormatException error)
        {
            throw new CheckpointException(path, $"it is not the state of a run that can go on: {error.Message} Choose another state, or another output folder.", error);
        }
    }

    /// <summary>A tensor under a name, to be written.</summary>
    public static CheckpointTensor Stored(string name, Tensor tensor) => new(name, tensor.DType, tensor.Shape, tensor.ReadBytes);

    // A digest says that the values are those that were written, not that a run wrote them: each is held to its range.
    private static void Take(SortedDictionary<string, string> values, TrainingState state)
    {
        MetricDefinition first = state.Task.Metrics[0];
        int stepsPerEpoch = (int)Integer(StepsPerEpochKey, 1, int.MaxValue);
        var position = new TrainingPosition(
            (int)Integer("epoch", 0, int.MaxValue), (int)Integer("step", 0, stepsPerEpoch), stepsPerEpoch, Best($"best_{first.Name}"), Best($"best_ema_{first.Name}"))
        {
            // States of earlier versions do not say it.
            BestEpoch = values.ContainsKey(BestEpochKey) ? (int)Integer(BestEpochKey, 0, int.MaxValue) : 0,
            PassedOver = [.. Text("passed_over").Split(',', StringSplitOptions.RemoveEmptyEntries).Select(step => Parsed("passed_over", step, 0, long.MaxValue))],
        };
        if (position.PassedOver.Count > MaxPassedOver)
            throw new FormatException($"passed_over names {position.PassedOver.Count} steps.");
        long updates = Integer("updates", 0, long.MaxValue);
        Metrics metrics = Sums("metrics");
        // States of earlier versions name no classes.
        IReadOnlyList<string> classes = values.ContainsKey(ClassesKey) ? Names(ClassesKey) : [];
        state.Position = position;
        state.Optimizer.StepCount = updates;
        state.Metrics = metrics;
        state.Classes = classes;

        string Text(string key) => values.TryGetValue(key, out string? text) ? text : throw new FormatException($"{key} is missing.");
        long Integer(string key, long min, long max) => Parsed(key, Text(key), min, max);
        long Parsed(string key, string text, long min, long max) =>
            long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) && value >= min && value <= max
                ? value
                : throw new FormatException($"{key} is '{text}'; it is a whole number from {min} to {max}.");

        // −1 before the first evaluation.
        double Best(string key) => double.TryParse(Text(key), NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && (value == MetricDefinition.NotMeasured || first.CanBe(value))
            ? value
            : throw new FormatException($"{key} is '{Text(key)}'; it is {(first.IsShare ? "a share from 0 to 1" : "a number from 0")}, or -1.");

        Metrics Sums(string key)
        {
            try
            {
                Metrics sums = Metrics.Parse(Text(key), state.Task.Metrics);
                return state.Task.CanBe(sums) ? sums : throw new FormatException($"'{sums}' contradict each other.");
            }
            catch (FormatException error)
            {
                throw new FormatException($"{key}: {error.Message}", error);
            }
        }

        string[] Names(string key)
        {
            try
            {
                return JsonSerializer.Deserialize<string[]>(Text(key)) is { } names && !names.Contains(null) ? names : throw new FormatException($"{key} are no list of names.");
            }
            catch (JsonException error)
            {
                throw new FormatException($"{key} are no list of names.", error);
            }
        }
    }

    /// <summary>A digest of all that is saved but the position.</summary>
    public static string DigestOf(TrainingState state) => Digest(state.Tensors(), []);

    private static string Digest(IEnumerable<(string Name, Tensor Tensor)> tensors, IEnumerable<KeyValuePair<string, string>> values)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((string key, string value) in values)
            hash.AppendData(Encoding.UTF8.GetBytes($"{key}={value}\n"));
        foreach ((string name, Tensor tensor) in tensors)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(name));
            Append(hash, tensor);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Append(IncrementalHash hash, Tensor tensor)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(tensor.ByteCount, ChunkBytes));
        for (long done = 0; done < tensor.ByteCount; done += ChunkBytes)
        {
            Span<byte> bytes = buffer.AsSpan(0, (int)Math.Min(ChunkBytes, tensor.ByteCount - done));
            tensor.ReadBytes(done, bytes);
            hash.AppendData(bytes);
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
