using PolaFormer.Checkpoints;
using PolaFormer.Detection.Data;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Vision;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Detection;

/// <summary>A trained detector with its preparation of photographs and the names of its classes.</summary>
/// <example><code>
/// var detector = ObjectDetector.Load("maskrcnn_b2_1x.pth");
/// ImageDetections found = detector.Detect("street.jpg");
/// for (int i = 0; i &lt; found.Count; i++)
///     Console.WriteLine($"{detector.Categories[found.Labels[i]].Name} {found.Scores[i]:P0} {found.Boxes[i]}");
/// </code></example>
public sealed class ObjectDetector
{
    private readonly RepeatedFunction _dense = new();

    /// <summary>Makes a detector of its parts.</summary>
    /// <param name="network">A network with its weights; it is switched to evaluation.</param>
    /// <param name="categories">A category for each class.</param>
    /// <exception cref="ArgumentException">There are not as many categories as classes.</exception>
    public ObjectDetector(Detector network, IReadOnlyList<CocoCategory> categories)
    {
        if (categories.Count != network.NumClasses)
            throw new ArgumentException($"{categories.Count} names for {network.NumClasses} classes.", nameof(categories));
        network.Evaluate();
        (Network, Categories) = (network, categories);
    }

    /// <summary>The network.</summary>
    public Detector Network { get; }

    /// <summary>The classes in order.</summary>
    public IReadOnlyList<CocoCategory> Categories { get; }

    /// <summary>What prepares a photograph.</summary>
    public DetectionPipeline Pipeline { get; init; } = DetectionPipeline.ForTest();

    /// <summary>Least score of what is told, in [0, 1].</summary>
    public float Threshold { get; init; } = 0.3f;

    /// <summary>How files are decoded: the camera's orientation applied.</summary>
    public ImageDecodeOptions Decoding { get; init; } = ImageDecodeOptions.Photograph;

    /// <summary>Loads a checkpoint, ours or mmdetection's, for inference alone.</summary>
    /// <param name="path">A safetensors or PyTorch file.</param>
    /// <param name="name">The published network; null to find it out.</param>
    /// <param name="labels">Names of the classes; null for those in the checkpoint, or COCO's for 80 classes.</param>
    /// <param name="threshold">Least score of what is told.</param>
    /// <exception cref="CheckpointException">The file cannot be read, or fits no network.</exception>
    public static ObjectDetector Load(string path, string? name = null, IReadOnlyList<string>? labels = null, float threshold = 0.3f)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path);
        DetectorDescription description = DetectorRecognition.Recognize(checkpoint, name);
        Detector network = DetectorRecognition.Load(description, checkpoint);
        IReadOnlyList<CocoCategory> categories = labels is null ? description.Categories : CocoCategories.Named(labels);
        if (categories.Count != network.NumClasses)
            throw new CheckpointException(path, $"it has {network.NumClasses} classes, but {categories.Count} names are given.");
        network.Evaluate();
        network.OptimizeForInference();
        return new ObjectDetector(network, categories) { Pipeline = DetectionPipeline.ForTest(description.Scale.Long, description.Scale.Short), Threshold = threshold };
    }

    /// <summary>What is in a photograph.</summary>
    /// <param name="path">An image file of any format that is read (docs/data.md).</param>
    /// <exception cref="ImageException">The file is no image that can be decoded.</exception>
    public ImageDetections Detect(string path)
    {
        using Image photo = ImageDecoder.Decode(path, Decoding);
        return Detect(photo);
    }

    /// <summary>What is in a decoded photograph, in its pixels.</summary>
    public ImageDetections Detect(Image photo) => Detect([photo])[0];

    /// <summary>What is in each of some photographs, which pass the network together.</summary>
    public ImageDetections[] Detect(IReadOnlyList<Image> photos)
    {
        using GradMode mode = GradMode.Disable();
        DetectionInput[] inputs = [.. photos.Select(photo => Pipeline.Apply(AnnotatedImage.Of(photo), new SampleRandom(0, 0, 0)))];
        ImageInfo[] infos = [.. inputs.Select(input => input.Info)];
        (float[] pixels, Shape shape) = DetectionInput.PixelsOf(inputs);
        return _dense.Run(
            Network.Device, Network.IsOptimizedForInference, shape, images => images.CopyFrom(pixels), Network.ForwardDense,
            dense => Network.Detect(dense, infos).Select(found => found.From(Threshold)).ToArray());
    }
}
