using System.Text;
using PolaFormer.Checkpoints;
using PolaFormer.Files;
using PolaFormer.LongRange.Data;
using PolaFormer.Models;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;
using PolaFormer.Vision;

namespace PolaFormer.LongRange;

/// <summary>A trained network of a task of Long Range Arena: texts, expressions or images in, answers out.</summary>
public sealed class SequencePredictor
{
    private const int MaxTextBytes = 64 << 20;

    private readonly SequenceClassifier _network;

    private SequencePredictor(SequenceDescription description, SequenceClassifier network) => (Description, _network) = (description, network);

    /// <summary>What the network was trained on.</summary>
    public SequenceDescription Description { get; }

    /// <summary>Its task.</summary>
    public ArenaTask Task => Description.Task;

    /// <summary>Whether the task is of images.</summary>
    public bool TakesImages => Task == ArenaTask.Pathfinder || Task == ArenaTask.Image;

    /// <summary>Side of the images of a task of images, in pixels.</summary>
    public int ImageSide => (int)Math.Sqrt(Task.Length);

    /// <summary>Loads a network that a run has saved.</summary>
    /// <exception cref="CheckpointException">The file cannot be read, is of another kind of network, or does not fit its description.</exception>
    public static SequencePredictor Load(string path)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path);
        var description = SequenceDescription.From(checkpoint);
        SequenceClassifier network = ModelLoader.Build(() => new SequenceClassifier(description.Config), checkpoint);
        network.OptimizeForInference();
        return new SequencePredictor(description, network);
    }

    /// <summary>The answers for a text or an expression, the most likely first.</summary>
    /// <param name="first">The text.</param>
    /// <param name="second">The text that it is compared with, for a task of pairs; else null.</param>
    /// <exception cref="ArgumentException">The task is of images, or of another number of texts; or the text is empty.</exception>
    public IReadOnlyList<SequencePrediction> Predict(string first, string? second = null) =>
        Predict(Encoding.UTF8.GetBytes(first), second is null ? null : Encoding.UTF8.GetBytes(second));

    /// <summary>The answers for texts as bytes.</summary>
    /// <inheritdoc cref="Predict(string, string)"/>
    public IReadOnlyList<SequencePrediction> Predict(byte[] first, byte[]? second = null)
    {
        if (TakesImages)
            throw new ArgumentException($"The network was trained on the task {Task.Name}, whose sequences are images. Name image files.");
        if (Task.IsDual != (second is not null))
            throw new ArgumentException($"The network was trained on the task {Task.Name}, which takes {(Task.IsDual ? "two texts, to be compared" : "one text at a time")}.");
        return Predict(new SequenceExample(Encoded(first), second is null ? null : Encoded(second), 0));
    }

    /// <summary>The answers for a text file, or an image file of 32 × 32 pixels.</summary>
    /// <exception cref="FileException">The file cannot be read, or is empty.</exception>
    /// <exception cref="ImageException">The image cannot be decoded, or has another size.</exception>
    public IReadOnlyList<SequencePrediction> PredictFile(string path)
    {
        if (!TakesImages)
            return Predict(TextOf(path));
        using Image image = ImageDecoder.Decode(path);
        try
        {
            return Predict(image);
        }
        catch (ImageException error)
        {
            throw new ImageException($"{path}: {error.Message}", error);
        }
    }

    /// <summary>The answers for a decoded image.</summary>
    /// <exception cref="ArgumentException">The task is of texts.</exception>
    /// <exception cref="ImageException">The image has another size.</exception>
    public IReadOnlyList<SequencePrediction> Predict(Image image)
    {
        if (!TakesImages)
            throw new ArgumentException($"The network was trained on the task {Task.Name}, whose sequences are texts.");
        return (image.Width, image.Height) == (ImageSide, ImageSide)
            ? Predict(new SequenceExample(Task == ArenaTask.Image ? GreyLevels.Of(image) : GreyLevels.Red(image), null, 0))
            : throw new ImageException($"it has {image.Width}×{image.Height} pixels; the network takes {ImageSide}×{ImageSide}");
    }

    /// <summary>The answers for two text files, to be compared.</summary>
    /// <inheritdoc cref="PredictFile"/>
    public IReadOnlyList<SequencePrediction> PredictFiles(string first, string second) => Predict(TextOf(first), TextOf(second));

    private static byte[] TextOf(string path) => InputFile.ReadAllBytes(path, MaxTextBytes);

    private byte[] Encoded(byte[] bytes)
    {
        byte[] ids = Task == ArenaTask.ListOps ? ListOpsEncoder.Encode(bytes, Description.ListOpsTokens, Task.Cut) : bytes[..Math.Min(bytes.Length, Task.Cut)];
        return ids.Length > 0 ? ids : throw new ArgumentException("The text is empty.");
    }

    private SequencePrediction[] Predict(SequenceExample example)
    {
        using var scope = MemoryScope.Enter();
        SequenceBatch batch = SequenceBatch.Of([example], Task, _network.Config.MaxLength);
        float[] probabilities = _network.Forward(batch.ToTensor(), batch.RowsOn(Device.Default)).Softmax().ToArray();
        if (probabilities.Any(float.IsNaN))
            throw new NotFiniteNumberException("The network's results are NaN: its weights are finite, but what it computes with them is not. Take a checkpoint from before the training diverged.");
        return [.. probabilities.Select((probability, index) => new SequencePrediction(Task.Classes[index], index, probability)).OrderByDescending(answer => answer.Probability)];
    }
}
