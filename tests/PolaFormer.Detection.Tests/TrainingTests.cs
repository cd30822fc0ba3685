using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Configuration;
using PolaFormer.Detection.Data;
using PolaFormer.Detection.Training;
using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Training;
using PolaFormer.Vision;

namespace PolaFormer.Detection.Tests;

public class TrainingTests
{
    [Fact]
    public void Batches_hold_one_orientation_and_every_image()
    {
        CocoImage[] images = [.. Enumerable.Range(0, 11).Select(i => new CocoImage(i, $"{i}.jpg", i % 3 == 0 ? 50 : 30, 40))];
        var order = new BatchOrder(images, 2, 5);
        int[][] batches = order.Of(3);
        Assert.Equal(order.Count, batches.Length);
        Assert.All(batches, batch => Assert.Single(batch.Select(i => images[i].Width > images[i].Height).Distinct()));
        Assert.Equal(images.Length, batches.SelectMany(batch => batch).Distinct().Count());
        Assert.Equal(batches, order.Of(3));
        Assert.NotEqual(batches, order.Of(4));
    }

    [Fact]
    public void Permutations_follow_from_the_step()
    {
        RandomStep before = RandomStep.Current;
        try
        {
            RandomStep.Current = new RandomStep(1, 7);
            int[] first = new SampledPermutations().Next(100);
            Assert.Equal(first, new SampledPermutations().Next(100));
            Assert.Equal(Enumerable.Range(0, 100), first.Order());
            RandomStep.Current = new RandomStep(1, 8);
            Assert.NotEqual(first, new SampledPermutations().Next(100));
        }
        finally
        {
            RandomStep.Current = before;
        }
    }

    [Fact]
    public void A_run_ends_with_a_checkpoint_that_detects()
    {
        string folder = Directory.CreateTempSubdirectory("polaformer").FullName;
        try
        {
            var data = new Squares();
            var task = new DetectionTask(new DetectionTaskOptions
            {
                Name = "tiny",
                Config = DetectorParts.Retina(new PolaFormerPlusPlusConfig { EmbedDims = [8, 8, 16, 16], Depths = [1, 1, 1, 1], NumHeads = [1, 1, 2, 2], MlpRatios = [1, 1, 1, 1] }, classes: 1),
                Train = data,
                Evaluation = data,
                Pipeline = new DetectionPipeline([new FlipStep()]),
                Scale = (64, 64),
            });
            Assert.True(new Trainer(task, new DetectionRecipe { Epochs = 1, WarmupSteps = 0 }.ToOptions(task) with { PrintEvery = 1 }, folder).Run());
            Assert.Contains("loss_cls", task.LossTerms.Select(term => term.Name));
            Assert.Contains("\"loss_cls\"", File.ReadAllText(Path.Combine(folder, "log.jsonl")), StringComparison.Ordinal);
            ObjectDetector detector = ObjectDetector.Load(Path.Combine(folder, "last.safetensors"), threshold: 0);
            Assert.Equal("square", detector.Categories[0].Name);
            using Image photo = new(64, 64);
            Assert.All(detector.Detect(photo).Boxes, box => Assert.InRange(box.X2, 0, 64));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // Bright squares on dark ground.
    private sealed class Squares : IDetectionDataset
    {
        public Squares()
        {
            for (int i = 0; i < 4; i++)
            {
                var image = new CocoImage(i + 1, $"{i}.png", 64, 64);
                image.Annotations.Add(new CocoAnnotation { Id = i + 1, Category = 1, Box = (8 * i, 10, 24, 24), Area = 576 });
                Images.Add(image);
            }

            Annotations = new CocoDataset(Images, CocoCategories.Named(["square"]));
        }

        public List<CocoImage> Images { get; } = [];

        IReadOnlyList<CocoImage> IDetectionDataset.Images => Images;

        public CocoDataset Annotations { get; }

        public AnnotatedImage Read(CocoImage image)
        {
            var photo = new Image(64, 64);
            photo.Pixels.Clear();
            (Box[] boxes, int[] labels, _, _) = Annotations.ObjectsOf(image);
            for (int y = 10; y < 34; y++)
                photo.Row(y).Slice(3 * (int)boxes[0].X1, 72).Fill(255);
            return new AnnotatedImage { Image = photo, Boxes = boxes, Labels = labels, OriginalHeight = 64, OriginalWidth = 64 };
        }
    }
}
