using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using PolaFormer.Checkpoints;
using PolaFormer.Files;
using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Training;

/// <summary>
/// The files of a run. <c>last</c> and <c>best</c> hold the network alone, for use; <c>resume</c> holds in one file all that a
/// run needs to go on as if it had never stopped, under a digest. The state before it is kept as <c>resume.previous</c>.
/// </summary>
internal static class TrainingCheckpoint
{
    private const string FileName = "resume.safetensors", PreviousFileName = "resume.previous.safetensors", DigestKey = "sha256";

    /// <summary>Writes a network with its description.</summary>
    /// <exception cref="FileException">The file cannot be written; one of that name is as it was.</exception>
    public static void SaveModel(string path, Module model, ModelDescription description) =>
        SafetensorsWriter.Write(path, model.StateDict().Select(entry => Stored(entry.Name, entry.Tensor)), description.ToMetadata());

    /// <summary>Writes the state to a run's folder.</summary>
    /// <exception cref="FileException">The file cannot be written; the states there are as they were.</exception>
    public static void Save(string folder, TrainingState state)
    {
        TrainingPosition position = state.Position;
        var values = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["best_ema_top1"] = Text(position.BestEmaTop1),
            ["best_top1"] = Text(position.BestTop1),
            ["epoch"] = Text(position.Epoch),
            ["metrics"] = state.Metrics.ToString(),
            ["passed_over"] = string.Join(',', position.PassedOver.Select(step => Text(step))),
            ["step"] = Text(position.Step),
            ["steps_per_epoch"] = Text(position.StepsPerEpoch),
            ["updates"] = Text(state.Optimizer.StepCount),
        };
        values[DigestKey] = Digest(state.Tensors(), values);
        string path = Path.Combine(folder, FileName), previous = Path.Combine(folder, PreviousFileName);
        try
        {
            if (File.Exists(path))
                File.Move(path, previous, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(path, $"it cannot be renamed to {PreviousFileName}: {error.Message}", error);
        }

        SafetensorsWriter.Write(path, state.Tensors().Select(entry => Stored(entry.Name, entry.Tensor)), values);
    }

    /// <summary>Whether a run's folder holds a state.</summary>
    public static bool ExistsIn(string folder) => Candidates(folder).Any();

    /// <summary>Restores the last state of a run's folder, or the one before it where the last is damaged.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="state">Receives it.</param>
    /// <param name="warn">Told of a damaged file that was passed over.</param>
    /// <returns>The file.</returns>
    /// <exception cref="CheckpointException">Every state is damaged.</exception>
    /// <exception cref="TrainingException">The state is of another run.</exception>
    public static string LoadLast(string folder, TrainingState state, Action<string> warn)
    {
        // Damage may look like another run's state, too: a changed letter in the name of a tensor.
        Exception? damage = null;
        foreach (string path in Candidates(folder))
        {
            try
            {
                Load(path, state);
                if (damage is not null)
                    warn($"{damage.Message} Continuing from {path}, the state before it.");
                return path;
            }
            catch (Exception error) when (error is CheckpointException or TrainingException)
            {
                damage ??= error;
            }
        }

        throw damage ?? new CheckpointException(folder, $"it holds no {FileName}.");
    }

    /// <summary>Restores the state of a file.</summary>
    /// <exception cref="CheckpointException">The file is damaged; the state's tensors are undefined.</exception>
    /// <exception cref="TrainingException">The state is of another run.</exception>
    public static void Load(string path, TrainingState state)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path);
        var values = new SortedDictionary<string, string>(
            checkpoint.Metadata.Where(entry => entry.Value is string).ToDictionary(entry => entry.Key, entry => (string)entry.Value!), StringComparer.Ordinal);
        if (!values.Remove(DigestKey, out string? digest))
            throw new TrainingException($"{path}: it is not the saved state of a run. Name a {FileName}, or choose another output folder.");
        IReadOnlyList<(string Name, Tensor Tensor)> wanted = [.. state.Tensors()];
        foreach ((string name, Tensor tensor) in wanted)
        {
            if (!checkpoint.TryGetValue(name, out CheckpointEntry? entry) || entry.Shape != tensor.Shape || entry.DType != tensor.DType)
                throw new TrainingException($"{path}: it belongs to another run: {name} is {(entry is null ? "missing" : $"{entry.DType} {entry.Shape}")}, this run's {tensor.DType} {tensor.Shape}. Choose another output folder.");
        }

        foreach ((string name, Tensor tensor) in wanted)
            checkpoint[name].ReadBytes(tensor.AsBytes());
        if (Digest(wanted, values) != digest)
            throw new CheckpointException(path, "its contents are not what was written (SHA-256).");
        state.Optimizer.StepCount = Integer("updates");
        state.Metrics = Metrics.Parse(values["metrics"]);
        state.Position = new TrainingPosition((int)Integer("epoch"), (int)Integer("step"), (int)Integer("steps_per_epoch"), Number("best_top1"), Number("best_ema_top1"))
        {
            PassedOver = [.. values["passed_over"].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(step => long.Parse(step, CultureInfo.InvariantCulture))],
        };

        long Integer(string key) => long.Parse(values[key], CultureInfo.InvariantCulture);
        double Number(string key) => double.Parse(values[key], CultureInfo.InvariantCulture);
    }

    private static IEnumerable<string> Candidates(string folder) =>
        new[] { FileName, PreviousFileName }.Select(name => Path.Combine(folder, name)).Where(File.Exists);

    private static string Digest(IEnumerable<(string Name, Tensor Tensor)> tensors, IEnumerable<KeyValuePair<string, string>> values)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((string key, string value) in values)
            hash.AppendData(Encoding.UTF8.GetBytes($"{key}={value}\n"));
        foreach ((string name, Tensor tensor) in tensors)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(name));
            hash.AppendData(tensor.AsBytes());
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>A tensor under a name, to be written.</summary>
    public static CheckpointTensor Stored(string name, Tensor tensor) => new(name, tensor.DType, tensor.Shape, (offset, destination) =>
        tensor.AsBytes().Slice((int)offset, destination.Length).CopyTo(destination));

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
