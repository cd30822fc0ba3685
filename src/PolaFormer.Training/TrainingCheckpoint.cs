using System.Globalization;
using PolaFormer.Checkpoints;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Training;

/// <summary>
/// The files of a run. <c>last</c> and <c>best</c> hold the network alone, for use; <c>resume</c> holds in one file all that a
/// run needs to go on as if it had never stopped.
/// </summary>
internal static class TrainingCheckpoint
{
    private const string ModelPrefix = "model.", OptimizerPrefix = "optimizer.";

    /// <summary>Writes a network with its description.</summary>
    public static void SaveModel(string path, Module model, ModelDescription description) =>
        SafetensorsWriter.Write(path, model.StateDict().Select(entry => Stored(entry.Name, entry.Tensor)), description.ToMetadata());

    /// <summary>Writes network, moments and position.</summary>
    public static void SaveState(string path, Module model, Optimizer optimizer, TrainingPosition position)
    {
        IEnumerable<CheckpointTensor> tensors = model.StateDict().Select(entry => Stored(ModelPrefix + entry.Name, entry.Tensor))
            .Concat(optimizer.StateDict().Select(entry => Stored(OptimizerPrefix + entry.Name, entry.Tensor)));
        SafetensorsWriter.Write(path, tensors, new Dictionary<string, string>
        {
            ["epoch"] = Text(position.Epoch),
            ["step"] = Text(position.Step),
            ["steps_per_epoch"] = Text(position.StepsPerEpoch),
            ["best_top1"] = position.BestTop1.ToString("R", CultureInfo.InvariantCulture),
            ["updates"] = Text(optimizer.StepCount),
        });
    }

    /// <summary>Restores network, moments and position.</summary>
    /// <exception cref="CheckpointException">The file is damaged or of another network.</exception>
    public static TrainingPosition LoadState(string path, Module model, Optimizer optimizer)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path);
        IReadOnlyList<(string Name, Tensor Tensor)> wanted =
        [
            .. model.StateDict().Select(entry => (ModelPrefix + entry.Name, entry.Tensor)),
            .. optimizer.StateDict().Select(entry => (OptimizerPrefix + entry.Name, entry.Tensor)),
        ];
        foreach ((string name, Tensor tensor) in wanted)
        {
            if (checkpoint[name].Shape != tensor.Shape || checkpoint[name].DType != tensor.DType)
                throw new CheckpointException(path, $"{name} is {checkpoint[name].DType} {checkpoint[name].Shape}, the run's {tensor.DType} {tensor.Shape}. It belongs to another run; choose another output folder.");
        }

        foreach ((string name, Tensor tensor) in wanted)
            checkpoint[name].ReadBytes(tensor.AsBytes());
        optimizer.StepCount = long.Parse(Metadata(checkpoint, "updates"), CultureInfo.InvariantCulture);
        return new TrainingPosition(
            Integer(checkpoint, "epoch"), Integer(checkpoint, "step"), Integer(checkpoint, "steps_per_epoch"),
            double.Parse(Metadata(checkpoint, "best_top1"), CultureInfo.InvariantCulture));
    }

    private static CheckpointTensor Stored(string name, Tensor tensor) => new(name, tensor.DType, tensor.Shape, (offset, destination) =>
        tensor.AsBytes().Slice((int)offset, destination.Length).CopyTo(destination));

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static int Integer(Checkpoint checkpoint, string key) =>
        int.TryParse(Metadata(checkpoint, key), NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value
        : throw new CheckpointException(checkpoint.Name, $"its {key} '{Metadata(checkpoint, key)}' is no number. It is damaged; delete it to start anew.");

    private static string Metadata(Checkpoint checkpoint, string key) => checkpoint.Metadata.TryGetValue(key, out object? value) && value is string text
        ? text
        : throw new CheckpointException(checkpoint.Name, $"it lacks {key}: it is not the saved state of a run. Choose another output folder.");
}
