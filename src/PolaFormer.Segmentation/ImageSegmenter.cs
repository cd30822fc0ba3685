using PolaFormer.Checkpoints;
using PolaFormer.Segmentation.Data;
using PolaFormer.Segmentation.Inference;
using PolaFormer.Segmentation.Networks;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Threading;
using PolaFormer.Vision;

namespace PolaFormer.Segmentation;

/// <summary>A trained segmentation network with its preparation of photographs and the names of its classes.</summary>
/// <example><code>
/// var segmenter = ImageSegmenter.Load("polapp_b1_ham.pth");
/// foreach (ClassArea area in segmenter.Segment("street.jpg").Areas)
///     Console.WriteLine($"{area.Share:P1} {area.Label}");
/// </code></example>
public sealed class ImageSegmenter
{
    private readonly RepeatedFunction _repeated = new();

    /// <summary>Makes a segmenter of its parts.</summary>
    /// <param name="network">A network with its weights; it is switched to evaluation.</param>
    /// <param name="classes">A name and colour for each class.</param>
    /// <exception cref="ArgumentException">There are not as many names as classes.</exception>
    public ImageSegmenter(Segmenter network, ClassNames classes)
    {
        if (classes.Names.Count != network.NumClasses)
            throw new ArgumentException($"{classes.Names.Count} names for {network.NumClasses} classes.", nameof(classes));
        network.Evaluate();
        (Network, Classes) = (network, classes);
    }

    /// <summary>The network.</summary>
    public Segmenter Network { get; }

    /// <summary>Names and colours of the classes.</summary>
    public ClassNames Classes { get; }

    /// <summary>What prepares a photograph.</summary>
    public TestPipeline Pipeline { get; init; } = new();

    /// <summary>Windows that a photograph is looked at through; null for the whole at once.</summary>
    public SlidingWindow? Window { get; init; }

    /// <summary>Factors of the photograph's size in as many views, whose probabilities are averaged.</summary>
    public IReadOnlyList<double> Ratios { get; init; } = [1];

    /// <summary>Whether every view is taken mirrored, too.</summary>
    public bool UsesFlips { get; init; }

    /// <summary>How files are decoded: the camera's orientation applied.</summary>
    public ImageDecodeOptions Decoding { get; init; } = ImageDecodeOptions.Photograph;

    /// <summary>Loads a checkpoint, ours or mmsegmentation's, for inference alone.</summary>
    /// <param name="path">A safetensors or PyTorch file.</param>
    /// <param name="name">The published network; null to find it out.</param>
    /// <param name="classes">Names of the classes; null for those in the checkpoint, or ADE20K's for 150 classes.</param>
    /// <param name="shortSide">What a photograph's short side is brought to in pixels, and its long side to at most four times that; null for what the checkpoint says, or 512.</param>
    /// <param name="window">Side of square windows that overlap by a third, in pixels; null for the whole photograph at once.</param>
    /// <exception cref="CheckpointException">The file cannot be read, or fits no network.</exception>
    public static ImageSegmenter Load(string path, string? name = null, ClassNames? classes = null, int? shortSide = null, int? window = null)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path);
        SegmenterDescription description = SegmenterRecognition.Recognize(checkpoint, name);
        Segmenter network = SegmenterRecognition.Load(description, checkpoint);
        classes ??= description.Classes;
        if (classes.Names.Count != network.NumClasses)
            throw new CheckpointException(path, $"it has {network.NumClasses} classes, but {classes.Names.Count} names are given.");
        network.Evaluate();
        network.OptimizeForInference();
        return new ImageSegmenter(network, classes)
        {
            Pipeline = new TestPipeline { Scale = shortSide is { } side ? (4 * side, side) : description.Scale },
            Window = window is { } extent ? new SlidingWindow(extent, extent, Math.Max(1, 2 * extent / 3), Math.Max(1, 2 * extent / 3)) : null,
        };
    }

    /// <summary>The class of every pixel of a photograph.</summary>
    /// <param name="path">An image file of any format that is read (docs/data.md).</param>
    /// <exception cref="ImageException">The file is no image that can be decoded.</exception>
    public SegmentationResult Segment(string path)
    {
        using Image photo = ImageDecoder.Decode(path, Decoding);
        return Segment(photo);
    }

    /// <summary>The class of every pixel of a decoded photograph.</summary>
    /// <exception cref="NotFiniteNumberException">The network's result is NaN.</exception>
    public SegmentationResult Segment(Image photo)
    {
        if (Window is null && !UsesFlips && Ratios is [1])
            return new SegmentationResult(Whole(photo), Classes);
        SegmentedInput[] views =
        [
            .. from ratio in Ratios
               from flip in UsesFlips ? (bool[])[false, true] : [false]
               select Look(Pipeline.Apply(photo, ratio, flip)),
        ];
        LabelMap map = ClassMap.Of(views, Network.NumClasses, photo.Height, photo.Width, Network.Config.Head.AlignCorners, Workers.ThreadCount);
        return new SegmentationResult(map, Classes);
    }

    private LabelMap Whole(Image photo)
    {
        NetworkInput input = Pipeline.Apply(photo);
        return Logits(
            input.Height, input.Width, images => images.CopyFrom(input.Values),
            logits => ClassMap.Of(logits, input, photo.Height, photo.Width, Network.Config.Head.AlignCorners));
    }

    private SegmentedInput Look(NetworkInput input)
    {
        PixelRect[] parts = Window is null ? [new PixelRect(0, 0, input.Width, input.Height)] : [.. Window.Of(input.Height, input.Width)];
        return new SegmentedInput(input.Height, input.Width, input.IsFlipped ? FlipDirection.Horizontal : FlipDirection.None, [.. parts.Select(part => Look(input, part))]);
    }

    private WindowLogits Look(NetworkInput input, PixelRect part)
    {
        return Logits(part.Height, part.Width, Fill, logits => new WindowLogits(part, logits.Shape[1], logits.Shape[2], logits.ToArray()));

        void Fill(Tensor images)
        {
            if (part.Height == input.Height && part.Width == input.Width)
            {
                images.CopyFrom(input.Values);
                return;
            }

            Tensor whole = Tensor.From(input.Values, [1, input.Height, input.Width, Image.Channels], Network.Device);
            images.CopyFrom(whole.Slice(1, part.Y, part.Height).Slice(2, part.X, part.Width));
        }
    }

    // What is read of the logits of an image.
    private T Logits<T>(int height, int width, Action<Tensor> fill, Func<Tensor, T> read)
    {
        using GradMode mode = GradMode.Disable();
        return _repeated.Run(Network.Device, Network.IsOptimizedForInference, [1, height, width, Image.Channels], fill, Network.ForwardLogits, logits =>
        {
            RequireNumbers(logits);
            return read(logits);
        });
    }

    private static void RequireNumbers(Tensor logits)
    {
        if (Tensor.CountNonFinite(logits).ToArray<long>()[0] > 0)
            throw new NotFiniteNumberException("The network gives NaN for this image: its weights are finite, but what it computes with them is not. Take a checkpoint from before the training diverged.");
    }
}
