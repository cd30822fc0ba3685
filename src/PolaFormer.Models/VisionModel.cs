using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Models;

/// <summary>
/// An image classifier that is also a backbone: features, a head, and the feature map of every stage.
/// Images are channels-last, (B, H, W, 3), normalised.
/// </summary>
public abstract class VisionModel : Module
{
    /// <summary>Side of the square images that the position encodings are made for, in pixels.</summary>
    public int ImageSize => Config.ImageSize;

    /// <summary>What the network was made from.</summary>
    public abstract VisionModelConfig Config { get; }

    /// <summary>Width of the logits.</summary>
    public abstract int NumClasses { get; }

    /// <summary>
    /// Whether training keeps the blocks' inputs alone and runs each block again in the backward pass (TRAIN.USE_CHECKPOINT): less
    /// memory for more time, the same bits.
    /// </summary>
    public bool UseCheckpoint
    {
        get => Blocks.Any(block => block.IsCheckpointed);
        set
        {
            foreach (Module block in Blocks)
                block.IsCheckpointed = value;
        }
    }

    /// <summary>
    /// The layer of every parameter, for learning rates that follow depth: the stem is layer 0, the blocks follow in order, what lies
    /// behind the last stage is last. A reduction between stages counts with the block before it.
    /// </summary>
    public IReadOnlyDictionary<string, int> Layers
    {
        get
        {
            var known = new Dictionary<Parameter, int>(ReferenceEqualityComparer.Instance);
            int last = 1;
            foreach (Module block in Blocks)
                Mark(block, last++);
            foreach (Module module in Head)
                Mark(module, last);
            var layers = new Dictionary<string, int>();
            int current = 0;
            foreach ((string name, Parameter parameter) in NamedParameters())
            {
                if (!known.TryGetValue(parameter, out int layer))
                    layer = current;
                else if (layer < last)
                    current = layer;
                layers.Add(name, layer);
            }

            return layers;

            void Mark(Module module, int layer)
            {
                foreach (Parameter parameter in module.Parameters())
                    known[parameter] = layer;
            }
        }
    }

    /// <summary>The feature map after the last stage, (B, h, w, C); with tokens of its own before it, all of them, (B, tokens + h·w, C).</summary>
    /// <param name="images">(B, H, W, 3).</param>
    /// <param name="stages">Receives "stem" and "stage1" to "stage4" with their feature maps (B, h, w, C), where given.</param>
    public Tensor ForwardFeatures(Tensor images, ICollection<(string Stage, Tensor Features)>? stages = null)
    {
        if (images.Rank != 4 || images.Shape[3] != 3)
            throw new ArgumentException($"The model takes images (B, H, W, 3); got {images.Shape}.", nameof(images));
        using var scope = MemoryScope.Enter();
        Tensor features = RunFeatures(images, stages);
        foreach ((_, Tensor stage) in stages ?? [])
            scope.Return(stage);
        return scope.Return(features);
    }

    /// <summary>Pools what <see cref="ForwardFeatures"/> gives → (B, pooled channels): the input of the classifier, an embedding of the image.</summary>
    public Tensor ForwardPooled(Tensor features)
    {
        using var scope = MemoryScope.Enter();
        return scope.Return(RunPooled(features));
    }

    /// <summary>What <see cref="ForwardFeatures"/> gives → logits (B, classes).</summary>
    public Tensor ForwardHead(Tensor features)
    {
        using var scope = MemoryScope.Enter();
        return scope.Return(RunClassifier(RunPooled(features)));
    }

    /// <summary>Replaces the classifier by a new one, with freshly drawn weights.</summary>
    /// <param name="numClasses">Width of the new logits.</param>
    /// <param name="seed">Seed of the new weights.</param>
    public virtual void ResetClassifier(int numClasses, ulong seed = 0)
    {
        Module head = NewClassifier(numClasses);
        head.Initialize(seed);
    }

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x) => RunClassifier(RunPooled(ForwardFeatures(x)));

    /// <summary>The blocks of all stages.</summary>
    protected abstract IEnumerable<Module> Blocks { get; }

    /// <summary>What lies between the last stage and the logits.</summary>
    protected abstract IEnumerable<Module> Head { get; }

    /// <summary>The stem and the stages.</summary>
    protected abstract Tensor RunFeatures(Tensor images, ICollection<(string Stage, Tensor Features)>? stages);

    /// <summary>Everything between the last stage and the classifier.</summary>
    protected abstract Tensor RunPooled(Tensor features);

    /// <summary>The last layer.</summary>
    protected abstract Tensor RunClassifier(Tensor pooled);

    /// <summary>Puts a new classifier in the place of the old one.</summary>
    protected abstract Module NewClassifier(int numClasses);

    /// <summary>Learned tokens, (1, 1, C) each, before those of a grid: (B, H, W, C) → (B, tokens + H·W, C).</summary>
    protected static Tensor WithTokens(Tensor grid, params Parameter[] tokens)
    {
        Tensor pixels = grid.Reshape(grid.Shape[0], -1, grid.Shape[3]);

        // Repeated by way of the batch, whose extent an exported graph leaves open.
        Tensor none = pixels.Slice(1, 0, 1) * 0;
        return Tensor.Concat(1, [.. tokens.Select(token => none + token), pixels]);
    }

    /// <summary>The tokens of a grid without the class token: (B, h, w, C).</summary>
    protected static Tensor Grid(Tensor tokens, Shape grid) =>
        tokens.Rank == 4 ? tokens : tokens.Slice(1, tokens.Shape[1] - (grid[1] * grid[2]), grid[1] * grid[2]).Reshape(grid);

    /// <summary>The class token of (B, 1 + h·w, C), or the mean of a grid (B, h, w, C): (B, C).</summary>
    protected static Tensor Pooled(Tensor tokens) =>
        tokens.Rank == 4 ? tokens.Mean(1, 2) : tokens.Slice(1, 0, 1).Reshape(tokens.Shape[0], tokens.Shape[2]);

    /// <exception cref="ArgumentException">The images are not of the size that the network was made for.</exception>
    protected void RequireImageSize(Tensor images)
    {
        if (images.Shape[1] != ImageSize || images.Shape[2] != ImageSize)
            throw new ArgumentException($"This {GetType().Name} takes {ImageSize}×{ImageSize} images; got {images.Shape[1]}×{images.Shape[2]}. Build it for that size and load the checkpoint with interpolation.");
    }

    /// <summary>Drop-path probability of each block: evenly spaced from 0 to <paramref name="rate"/> over the whole depth.</summary>
    protected static float[] DropPathSchedule(float rate, IEnumerable<int> depths) => DropPath.Schedule(rate, depths.Sum());
}
