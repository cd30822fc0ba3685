// Loads a checkpoint and names what is in an image file: dotnet run --project samples/ClassifyImage -- CHECKPOINT IMAGE
using PolaFormer.Pipelines;

if (args.Length != 2)
{
    Console.Error.WriteLine("usage: ClassifyImage CHECKPOINT IMAGE");
    return 1;
}

var classifier = ImageClassifier.Load(args[0]);
foreach (Prediction guess in classifier.Predict(args[1], top: 5))
    Console.WriteLine($"{guess.Probability,7:P1}  {guess.Label}");
return 0;
