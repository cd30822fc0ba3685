using PolaFormer.Detection.Configuration;
using PolaFormer.Detection.Losses;
using PolaFormer.Models;
using PolaFormer.Models.Necks;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Detection;

/// <summary>A network that finds objects: backbone and feature pyramid, under mmdetection's names of parameters.</summary>
public abstract class Detector : Module
{
    private readonly Fpn _neck;

    /// <summary>Makes backbone and pyramid.</summary>
    protected Detector(DetectorConfig config)
    {
        Config = config;
        Backbone = AddChild("backbone", config.Backbone.Create());
        _neck = AddChild("neck", new Fpn(config.Neck));
    }

    /// <summary>What the network was made from.</summary>
    public DetectorConfig Config { get; }

    /// <summary>The backbone.</summary>
    public FeatureExtractor Backbone { get; }

    /// <summary>Classes.</summary>
    public abstract int NumClasses { get; }

    /// <summary>Whether it draws masks.</summary>
    public virtual bool HasMasks => false;

    /// <summary>Normalised images (B, H, W, 3) → the levels of the pyramid.</summary>
    public Tensor[] ForwardMaps(Tensor images) => _neck.ForwardMaps(Backbone.ForwardMaps(images));

    /// <summary>The losses of a batch, with gradients where a tape runs.</summary>
    /// <param name="images">(B, H, W, 3), padded to one size with zeros.</param>
    /// <param name="infos">The size of each image.</param>
    /// <param name="objects">What is in it.</param>
    /// <param name="permute">A permutation of so many numbers: draws the choice of anchors and regions.</param>
    public abstract NamedLoss[] TrainingLosses(Tensor images, IReadOnlyList<ImageInfo> infos, IReadOnlyList<ImageObjects> objects, Func<int, int[]> permute);

    /// <summary>What is found in a batch, in pixels of the photographs.</summary>
    public ImageDetections[] Detect(Tensor images, IReadOnlyList<ImageInfo> infos)
    {
        using var scope = MemoryScope.Enter();
        return Detect(ForwardDense(images), infos);
    }

    /// <summary>What is computed of images before a score is read, of one amount of work whatever is in them: levels of the pyramid and outputs of the dense head. Reads no values.</summary>
    internal abstract Tensor[] ForwardDense(Tensor images);

    /// <summary>What is found in a batch, from the results of <see cref="ForwardDense"/>.</summary>
    internal abstract ImageDetections[] Detect(Tensor[] dense, IReadOnlyList<ImageInfo> infos);

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x) => throw new NotSupportedException("A detector has several results: call ForwardMaps, TrainingLosses or Detect.");
}
