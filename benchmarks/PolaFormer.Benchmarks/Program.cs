using BenchmarkDotNet.Running;
using PolaFormer.Benchmarks;

if (args is ["--quick", "images", .. var rest]) QuickImages.Run(rest);
else if (args is ["--quick", "loader", .. var recipe]) QuickLoader.Run(recipe);
else if (args is ["--quick", "augment", .. var folder]) QuickAugment.Run(folder);
else if (args is ["--quick", "cold", .. var files]) QuickColdStart.Run(files);
else if (args is ["--quick", "attention", .. var kinds]) QuickAttention.Run(kinds);
else if (args is ["--quick", "sequences", .. var mechanisms]) QuickSequences.Run(mechanisms);
else if (args is ["--quick", "segmenter", .. var network]) QuickSegmenter.Run(network);
else if (args is ["--quick", .. var filter]) QuickGemm.Run(filter);
else BenchmarkSwitcher.FromAssembly(typeof(GemmBenchmarks).Assembly).Run(args);
