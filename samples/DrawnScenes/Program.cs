// Draws scenes of shapes with the class of every pixel, to train a segmentation network on, and for trying networks out:
// dotnet run --project samples/DrawnScenes -- photographs data training 4000 160 1
using PolaFormer.Detection.Data;
using PolaFormer.Vision;

if (args.Length is not 6 || !int.TryParse(args[3], out int count) || !int.TryParse(args[4], out int side) || !ulong.TryParse(args[5], out ulong seed))
{
    Console.Error.WriteLine("usage: DrawnScenes PHOTOGRAPHS OUTPUT training|validation COUNT SIDE SEED");
    return 1;
}

(string photographs, string output, string part) = (args[0], args[1], args[2]);
string images = Path.Combine(output, "images", part), masks = Path.Combine(output, "annotations", part);
Directory.CreateDirectory(images);
Directory.CreateDirectory(masks);
var scenes = new ShapeScenes(count, side, seed, photographs);
string[] classes = ["background", .. scenes.Annotations.Categories.Select(category => category.Name)];
File.WriteAllLines(Path.Combine(output, "classes.txt"), classes);
byte[] colors = [.. Enumerable.Range(0, classes.Length).Select(ClassColor.Of).SelectMany(color => new[] { color.Red, color.Green, color.Blue })];
Parallel.ForEach(scenes.Images, image =>
{
    AnnotatedImage scene = scenes.Read(image);
    byte[] values = new byte[side * side];
    for (int shape = 0; shape < scene.Labels.Length; shape++)
    {
        ReadOnlySpan<byte> bitmap = scene.Masks!.Bitmap(shape);
        for (int i = 0; i < values.Length; i++)
        {
            if (bitmap[i] != 0)
                values[i] = (byte)(scene.Labels[shape] + 1);
        }
    }

    File.WriteAllBytes(Path.Combine(images, image.FileName), ImageEncoder.Png(scene.Image));
    File.WriteAllBytes(Path.Combine(masks, image.FileName), new IndexedImage(side, side, values, colors).ToPng());
});
Console.WriteLine($"{output}: {count} scenes for {part}, of {string.Join(", ", classes)}");
return 0;
