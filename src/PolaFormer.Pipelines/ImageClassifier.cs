using PolaFormer.Checkpoints;
using PolaFormer.Models;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;
using PolaFormer.Vision;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Pipelines;

/// <summary>
/// A trained network with its preparation of images and the names of its classes. Predictions may be asked for from
/// several threads at once; each works on its own memory.
/// </summary>
/// <example><code>
/// var classifier = ImageClassifier.Load("model.safetensors");
/// foreach (Prediction guess in classifier.Predict("photo.jpg", top: 5))
///     Console.WriteLine($"{guess.Probability:P1} {guess.Label}");
/// </code></example>
public sealed class ImageClassifier
{
    /// <summary>Makes a classifier of its parts.</summary>
    /// <param name="model">A network with its weights; it is switched to evaluation.</param>
    /// <param name="transform">Preparation of images; its size must be the network's.</param>
    /// <param name="labels">A name for each class; missing ones are called by their number.</param>
    public ImageClassifier(VisionModel model, EvalTransform transform, IReadOnlyList<string> labels)
    {
        if (labels.Count != 0 && labels.Count != model.NumClasses)
            throw new ArgumentException($"{labels.Count} labels for {model.NumClasses} classes.", nameof(labels));
        model.Evaluate();
        Model = model;
        Transform = transform;
        Labels = labels;
    }

    /// <summary>The network.</summary>
    public VisionModel Model { get; }

    /// <summary>What prepares an image for the network.</summary>
    public EvalTransform Transform { get; }

    /// <summary>Names of the classes; empty where unknown.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>
    /// How <see cref="Predict(string, int)"/> decodes files: exactly, the camera's orientation applied. With <see cref="ImageDecodeOptions.MinimumSize"/>
    /// set to <see cref="EvalTransform.ResizeSize"/> large JPEGs take a fraction of the time, and predictions change a little.
    /// </summary>
    public ImageDecodeOptions Decoding { get; set; } = ImageDecodeOptions.Photograph;

    /// <summary>
    /// Loads a checkpoint, for inference alone unless told otherwise (<see cref="NN.Module.OptimizeForInference"/>): one of ours describes itself, another is matched with
    /// the registered architectures.
    /// </summary>
    /// <param name="path">A safetensors or PyTorch file.</param>
    /// <param name="modelName">The registered architecture; null to find it out.</param>
    /// <param name="labels">Names of the classes; null for those in the checkpoint, or ImageNet's for 1,000 classes.</param>
    /// <param name="optimize">Whether the network is optimised for inference; its attention and weights cannot be read then.</param>
    /// <param name="views">The views of an image whose probabilities are averaged.</param>
    /// <exception cref="CheckpointException">The file cannot be read, or fits no architecture.</exception>
    public static ImageClassifier Load(string path, string? modelName = null, IReadOnlyList<string>? labels = null, bool optimize = true, ImageViews views = ImageViews.One)
    {
        (VisionModel model, ModelDescription description) = LoadModel(path, modelName);
        labels ??= description.Labels;
        if (labels.Count != 0 && labels.Count != model.NumClasses)
            throw new CheckpointException(path, $"it has {model.NumClasses} classes, but {labels.Count} labels are given.");
        model.Evaluate();
        if (optimize)
            model.OptimizeForInference();
        EvalResize resize = description.CenterCrop ? EvalResize.SquareThenCrop : EvalResize.Square;
        var normalization = new Normalization([.. description.Mean], [.. description.Std]);
        return new ImageClassifier(model, new EvalTransform(model.ImageSize, resize, normalization: normalization) { Views = views }, labels);
    }

    /// <summary>Loads a checkpoint's network as it is, not for inference alone, with what is known of it.</summary>
    /// <param name="path">A safetensors or PyTorch file.</param>
    /// <param name="modelName">The registered architecture; null to find it out.</param>
    /// <exception cref="CheckpointException">The file cannot be read, or fits no architecture.</exception>
    public static (VisionModel Model, ModelDescription Description) LoadModel(string path, string? modelName = null)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path);
        ModelDescription? description = ModelDescription.From(checkpoint);
        (ModelEntry entry, ModelOptions options) = Identify(checkpoint, description, modelName);
        VisionModel model = ModelRecognition.Load(entry, options, checkpoint);
        description ??= new ModelDescription { Model = entry.Name, ImageSize = model.ImageSize, CenterCrop = model.ImageSize < 384 };
        bool isImageNet = description.Labels.Count == 0 && model.NumClasses == ImageNetLabels.Count;
        return (model, isImageNet ? description with { Labels = ImageNetLabels.Names } : description);
    }

    /// <summary>The most probable classes of an image file, most probable first. Decoded as <see cref="Decoding"/> says.</summary>
    /// <param name="path">An image file of any format that is read (docs/data.md).</param>
    /// <param name="top">How many classes.</param>
    /// <exception cref="ImageException">The file is no image that can be decoded.</exception>
    public IReadOnlyList<Prediction> Predict(string path, int top = 5)
    {
        using Image image = ImageDecoder.Decode(path, Decoding);
        return Predict(image, top);
    }

    /// <summary>The most probable classes of a decoded image, most probable first.</summary>
    /// <exception cref="NotFiniteNumberException">The network's result is NaN.</exception>
    public IReadOnlyList<Prediction> Predict(Image image, int top = 5)
    {
        using (MemoryScope.Enter())
        {
            Tensor input = Tensor.Empty([Transform.ViewCount, Transform.ImageSize, Transform.ImageSize, Image.Channels], device: Model.Device);
            input.Write<float>(pixels => Transform.Apply(image, pixels));
            float[] probabilities = Model.Forward(input).Softmax().Mean(0).ToArray();
            if (Array.Exists(probabilities, float.IsNaN))
                throw new NotFiniteNumberException("The network gives NaN for this image: its weights are finite, but what it computes with them is not. Take a checkpoint from before the training diverged.");
            int[] order = new int[probabilities.Length];
            for (int i = 0; i < order.Length; i++)
                order[i] = i;
            Array.Sort(order, (a, b) => probabilities[a] != probabilities[b] ? probabilities[b].CompareTo(probabilities[a]) : a - b);
            var predictions = new Prediction[Math.Min(Math.Max(top, 0), order.Length)];
            for (int i = 0; i < predictions.Length; i++)
                predictions[i] = new Prediction(Labels.Count > 0 ? Labels[order[i]] : $"class {order[i]}", order[i], probabilities[order[i]]);
            return predictions;
        }
    }

    // The shape that the checkpoint describes, or a registered one.
    private static ModelEntry EntryOf(Checkpoint checkpoint, ModelDescription? description, string? modelName)
    {
        if (description?.Config is not { } config || (modelName is not null && modelName != description.Model))
            return ModelRegistry.Find(modelName ?? description!.Model);
        try
        {
            return ModelConfigJson.Read(description.Model, config);
        }
        catch (ArgumentException error)
        {
            throw new CheckpointException(checkpoint.Name, error.Message);
        }
    }

    private static (ModelEntry Entry, ModelOptions Options) Identify(Checkpoint checkpoint, ModelDescription? description, string? modelName)
    {
        if (modelName is null && description is null)
        {
            return ModelRecognition.Recognize(checkpoint)
                ?? throw new CheckpointException(checkpoint.Name, "it fits none of the registered models. Name the model, or look at the file with 'inspect'.");
        }

        if (checkpoint.Find("head.weight") is not { Shape.Rank: >= 2 } head)
            throw new CheckpointException(checkpoint.Name, "it has no classifier (head.weight).");
        return (EntryOf(checkpoint, description, modelName), new ModelOptions { NumClasses = head.Shape[0], ImageSize = description?.ImageSize });
    }
}
