using PolaFormer.Checkpoints;
using PolaFormer.Files;
using PolaFormer.Models;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Threading;
using PolaFormer.Vision;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Pipelines;

/// <summary>
/// A trained network with its preparation of images and the names of its classes. All of its methods may be called from several
/// threads at once; each works on its own memory, and no call changes the classifier. The answer to an image depends neither on
/// other threads nor on <see cref="Threads"/>.
/// </summary>
/// <example><code>
/// var classifier = ImageClassifier.Load("model.safetensors");
/// foreach (Prediction guess in classifier.Predict("photo.jpg", top: 5))
///     Console.WriteLine($"{guess.Probability:P1} {guess.Label}");
/// </code></example>
public sealed class ImageClassifier
{
    private const int DefaultTop = 5;

    private readonly Func<Tensor, Tensor> _probabilities, _embeddings;
    private readonly RepeatedFunction _repeated = new();

    /// <summary>Makes a classifier of its parts.</summary>
    /// <param name="model">A network with its weights; it is switched to evaluation.</param>
    /// <param name="transform">Preparation of images; its size must be the network's.</param>
    /// <param name="labels">A name for each class; missing ones are called by their number.</param>
    /// <param name="options">How it decodes and computes; what concerns loading is not read.</param>
    /// <exception cref="ArgumentException">The labels are not as many as the classes.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number of <paramref name="options"/> is out of range.</exception>
    public ImageClassifier(VisionModel model, EvalTransform transform, IReadOnlyList<string> labels, ClassifierOptions? options = null)
    {
        if (labels.Count != 0 && labels.Count != model.NumClasses)
            throw new ArgumentException($"{labels.Count} labels for {model.NumClasses} classes.", nameof(labels));
        options ??= new ClassifierOptions();
        options.Check();
        model.Evaluate();
        Model = model;
        Transform = transform;
        Labels = labels;
        Decoding = options.FastDecoding ? options.Decoding with { MinimumSize = transform.ResizeSize } : options.Decoding;
        Threads = options.Threads;
        BatchSize = options.BatchSize;
        _probabilities = input => Model.Forward(input).Softmax();
        _embeddings = input => Model.ForwardPooled(Model.ForwardFeatures(input));
    }

    /// <summary>The network.</summary>
    public VisionModel Model { get; }

    /// <summary>What prepares an image for the network.</summary>
    public EvalTransform Transform { get; }

    /// <summary>Names of the classes; empty where unknown.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>How files are decoded.</summary>
    public ImageDecodeOptions Decoding { get; }

    /// <summary>Threads that one request computes with; null for <see cref="Workers.ThreadCount"/>.</summary>
    public int? Threads { get; }

    /// <summary>Images that go through the network together at most.</summary>
    public int BatchSize { get; }

    /// <summary>
    /// Loads a checkpoint, for inference alone unless told otherwise (<see cref="NN.Module.OptimizeForInference"/>): one of ours describes itself, another is matched with
    /// the registered architectures.
    /// </summary>
    /// <param name="path">A safetensors or PyTorch file.</param>
    /// <param name="options">How; the defaults where null.</param>
    /// <exception cref="CheckpointException">The file cannot be read, or fits no architecture.</exception>
    /// <exception cref="ArgumentException">There is no such architecture.</exception>
    public static ImageClassifier Load(string path, ClassifierOptions? options = null)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path);
        return Load(checkpoint, options ?? new ClassifierOptions());
    }

    /// <summary>Loads a checkpoint that a stream holds from where it is to its end, of at most 2 GiB; the stream stays open.</summary>
    /// <param name="stream">A safetensors or PyTorch file.</param>
    /// <param name="options">How; the defaults where null.</param>
    /// <param name="name">What messages call the checkpoint.</param>
    /// <exception cref="CheckpointException">It cannot be read, or fits no architecture.</exception>
    /// <exception cref="FileException">The stream breaks off, or is too long.</exception>
    /// <exception cref="ArgumentException">There is no such architecture.</exception>
    public static ImageClassifier Load(Stream stream, ClassifierOptions? options = null, string name = "the stream")
    {
        using Checkpoint checkpoint = Checkpoint.Parse(InputStream.ReadAllBytes(stream, name, Array.MaxLength), name);
        return Load(checkpoint, options ?? new ClassifierOptions());
    }

    /// <summary>Loads a checkpoint's network as it is, not for inference alone, with what is known of it.</summary>
    /// <param name="path">A safetensors or PyTorch file.</param>
    /// <param name="modelName">The registered architecture; null to find it out.</param>
    /// <exception cref="CheckpointException">The file cannot be read, or fits no architecture.</exception>
    public static (VisionModel Model, ModelDescription Description) LoadModel(string path, string? modelName = null)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path);
        return LoadModel(checkpoint, modelName);
    }

    /// <summary>The most probable classes of an image file, most probable first. Decoded as <see cref="Decoding"/> says.</summary>
    /// <param name="path">An image file of any format that is read (docs/data.md).</param>
    /// <param name="top">How many classes.</param>
    /// <exception cref="ImageException">The file is no image that can be decoded.</exception>
    /// <exception cref="NotFiniteNumberException">The network's result is NaN.</exception>
    public IReadOnlyList<Prediction> Predict(string path, int top = DefaultTop)
    {
        using Image image = ImageDecoder.Decode(path, Decoding);
        return Predict(image, top);
    }

    /// <summary>The most probable classes of an image file that a stream holds from where it is to its end, most probable first; the stream stays open.</summary>
    /// <inheritdoc cref="Predict(string, int)"/>
    /// <param name="file">The whole file.</param>
    /// <param name="top">How many classes.</param>
    public IReadOnlyList<Prediction> Predict(Stream file, int top = DefaultTop)
    {
        using Image image = ImageDecoder.Decode(file, Decoding);
        return Predict(image, top);
    }

    /// <summary>The most probable classes of an image file in memory, most probable first.</summary>
    /// <inheritdoc cref="Predict(string, int)"/>
    /// <param name="file">The whole file.</param>
    /// <param name="top">How many classes.</param>
    public IReadOnlyList<Prediction> Predict(ReadOnlySpan<byte> file, int top = DefaultTop)
    {
        using Image image = ImageDecoder.Decode(file, Decoding);
        return Predict(image, top);
    }

    /// <summary>The most probable classes of a decoded image, most probable first.</summary>
    /// <param name="image">The image; it is not changed.</param>
    /// <param name="top">How many classes.</param>
    /// <exception cref="NotFiniteNumberException">The network's result is NaN.</exception>
    public IReadOnlyList<Prediction> Predict(Image image, int top = DefaultTop) => Predict([image], top)[0];

    /// <summary>The most probable classes of each of several images, <see cref="BatchSize"/> of which go through the network together.</summary>
    /// <param name="images">The images; they are not changed.</param>
    /// <param name="top">How many classes.</param>
    /// <returns>One list an image, in their order, most probable first.</returns>
    /// <exception cref="NotFiniteNumberException">The network's result is NaN.</exception>
    public IReadOnlyList<IReadOnlyList<Prediction>> Predict(IReadOnlyList<Image> images, int top = DefaultTop) =>
        [.. Probabilities(images).Select(probabilities => Rank(probabilities, top))];

    /// <summary>The embedding of an image file: what the network's classifier is given, the mean over the views. Not normalised.</summary>
    /// <param name="path">An image file of any format that is read (docs/data.md).</param>
    /// <returns>As many values as the network has pooled channels.</returns>
    /// <exception cref="ImageException">The file is no image that can be decoded.</exception>
    public float[] Embed(string path)
    {
        using Image image = ImageDecoder.Decode(path, Decoding);
        return Embed(image);
    }

    /// <summary>The embedding of an image file that a stream holds from where it is to its end; the stream stays open.</summary>
    /// <inheritdoc cref="Embed(string)"/>
    /// <param name="file">The whole file.</param>
    public float[] Embed(Stream file)
    {
        using Image image = ImageDecoder.Decode(file, Decoding);
        return Embed(image);
    }

    /// <summary>The embedding of an image file in memory.</summary>
    /// <inheritdoc cref="Embed(string)"/>
    /// <param name="file">The whole file.</param>
    public float[] Embed(ReadOnlySpan<byte> file)
    {
        using Image image = ImageDecoder.Decode(file, Decoding);
        return Embed(image);
    }

    /// <summary>The embedding of a decoded image.</summary>
    /// <param name="image">The image; it is not changed.</param>
    /// <returns>As many values as the network has pooled channels.</returns>
    public float[] Embed(Image image) => Embed([image])[0];

    /// <summary>The embeddings of several images, <see cref="BatchSize"/> of which go through the network together.</summary>
    /// <param name="images">The images; they are not changed.</param>
    /// <returns>One embedding an image, in their order.</returns>
    public float[][] Embed(IReadOnlyList<Image> images) => Run(images, _embeddings);

    /// <summary>The probability of every class, for each of several images.</summary>
    /// <param name="images">The images; they are not changed.</param>
    /// <returns>Softmax of the logits, the mean over the views: one row an image, in their order.</returns>
    public float[][] Probabilities(IReadOnlyList<Image> images) => Run(images, _probabilities);

    /// <summary>The most probable classes, most probable first; of equal ones the first.</summary>
    /// <param name="probabilities">A probability for each class.</param>
    /// <param name="top">How many classes.</param>
    /// <exception cref="NotFiniteNumberException">A probability is NaN.</exception>
    public IReadOnlyList<Prediction> Rank(float[] probabilities, int top = DefaultTop)
    {
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

    // A row an image, the mean over its views.
    private float[][] Run(IReadOnlyList<Image> images, Func<Tensor, Tensor> rowsOf)
    {
        using IDisposable? threads = Threads is { } count ? Workers.Limit(count) : null;
        float[][] results = new float[images.Count][];
        for (int first = 0; first < images.Count; first += BatchSize)
        {
            int from = first, length = Math.Min(BatchSize, images.Count - first);
            float[] values = _repeated.Run(
                Model.Device, (rowsOf, Model.IsOptimizedForInference), [length * Transform.ViewCount, Transform.ImageSize, Transform.ImageSize, Image.Channels],
                input => input.Write<float>(pixels =>
                {
                    int each = pixels.Length / length;
                    for (int i = 0; i < length; i++)
                        Transform.Apply(images[from + i], pixels.Slice(i * each, each));
                }),
                input =>
                {
                    Tensor rows = rowsOf(input);
                    return rows.Reshape(length, Transform.ViewCount, rows.Shape[1]).Mean(1);
                },
                rows => rows.ToArray());
            int width = values.Length / length;
            for (int i = 0; i < length; i++)
                results[from + i] = values[(i * width)..((i + 1) * width)];
        }

        return results;
    }

    private static ImageClassifier Load(Checkpoint checkpoint, ClassifierOptions options)
    {
        options.Check();
        (VisionModel model, ModelDescription description) = LoadModel(checkpoint, options.ModelName);
        IReadOnlyList<string> labels = options.Labels ?? description.Labels;
        if (labels.Count != 0 && labels.Count != model.NumClasses)
            throw new CheckpointException(checkpoint.Name, $"it has {model.NumClasses} classes, but {labels.Count} labels are given.");
        model.Evaluate();
        if (options.Device is { } device)
            model.To(device);
        if (options.OptimizeForInference)
            model.OptimizeForInference();
        EvalResize resize = description.CenterCrop ? EvalResize.SquareThenCrop : EvalResize.Square;
        var normalization = new Normalization([.. description.Mean], [.. description.Std]);
        return new ImageClassifier(model, new EvalTransform(model.ImageSize, resize, normalization: normalization) { Views = options.Views }, labels, options);
    }

    private static (VisionModel Model, ModelDescription Description) LoadModel(Checkpoint checkpoint, string? modelName)
    {
        ModelDescription? description = ModelDescription.From(checkpoint);
        (ModelEntry entry, ModelOptions options) = Identify(checkpoint, description, modelName);
        VisionModel model = ModelRecognition.Load(entry, options, checkpoint);
        description ??= new ModelDescription { Model = entry.Name, ImageSize = model.ImageSize, CenterCrop = model.ImageSize < 384 };
        bool isImageNet = description.Labels.Count == 0 && model.NumClasses == ImageNetLabels.Count;
        return (model, isImageNet ? description with { Labels = ImageNetLabels.Names } : description);
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
