using PolaFormer.Checkpoints;
using PolaFormer.Detection;
using PolaFormer.LongRange;
using PolaFormer.Pipelines;
using PolaFormer.Segmentation;

namespace PolaFormer.Server.Models;

/// <summary>Loads a checkpoint as the model of its task.</summary>
internal static class ModelFiles
{
    /// <summary>Endings of files that are taken for checkpoints.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".safetensors", ".pth", ".pt"];

    /// <summary>Loads a checkpoint on the device of this thread.</summary>
    /// <exception cref="CheckpointException">The file cannot be read, or is of no network that is known.</exception>
    public static ServedModel Load(string path)
    {
        string? architecture;
        bool isSequences, isSegmenter, isDetector;
        using (Checkpoint checkpoint = Checkpoint.Open(path))
        {
            architecture = checkpoint.Text("architecture");
            (isSequences, isSegmenter, isDetector) = (SequenceDescription.IsIn(checkpoint), SegmenterRecognition.IsSegmenter(checkpoint), DetectorRecognition.IsDetector(checkpoint));
        }

        if (isSequences)
            return new ServedSequences(SequencePredictor.Load(path));
        if (isSegmenter)
            return new ServedSegmenter(ImageSegmenter.Load(path), architecture ?? "segmenter");
        if (isDetector)
            return new ServedDetector(ObjectDetector.Load(path), architecture ?? "detector");
        var classifier = ImageClassifier.Load(path);
        return new ServedClassifier(classifier, architecture ?? classifier.Model.GetType().Name);
    }
}
